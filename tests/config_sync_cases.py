"""Wrong `suppression_sync`, and what is said about it: a part of the table of test_config.py."""

from __future__ import annotations

ONE = "regions: [us-east-1]\ndomains: [{name: example.com}]\n"
TWO = "regions: [us-east-1, us-west-2]\ndomains: [{name: example.com}]\n"

# name: (the file, each line of the message without the file's name)
BAD: dict[str, tuple[str, list[str]]] = {
    "suppression_sync that is neither a switch nor a mapping": (
        TWO + "suppression_sync: all\n",
        ["3:19: suppression_sync: must be true, false or a mapping (key: value lines), not 'all'"],
    ),
    "suppression_sync that is a list": (
        TWO + "suppression_sync: [us-east-1]\n",
        ["3:19: suppression_sync: must be a mapping (key: value lines), not a list"],
    ),
    "suppression_sync of one Region": (
        ONE + "suppression_sync: true\n",
        ["3:1: suppression_sync: there is no Region to tell beside us-east-1; add one, or take this out"],
    ),
    "unknown key of suppression_sync": (
        TWO + "suppression_sync: {region: [us-east-1, us-west-2]}\n",
        [
            "3:20: suppression_sync.region: unknown key; allowed here are reasons, regions; did you mean "
            "'regions'?"
        ],
    ),
    "suppression_sync with empty lists": (
        TWO + "suppression_sync: {regions: [], reasons: []}\n",
        [
            "3:29: suppression_sync.regions: may not be empty; give at least one",
            "3:42: suppression_sync.reasons: may not be empty; give at least one",
        ],
    ),
    "suppression_sync with one Region, or an unknown or strange or repeated one": (
        TWO + "suppression_sync: {regions: [us-east-1, us-east-1, eu-west-1, eu-wst-1]}\n",
        [
            "3:41: suppression_sync.regions.1: Region 'us-east-1' is given twice; keep one",
            "3:52: suppression_sync.regions.2: 'eu-west-1' is not one of the configured Regions (us-east-1, "
            "us-west-2); leave it out here or add it",
            "3:63: suppression_sync.regions.3: unknown Region 'eu-wst-1'; did you mean 'eu-west-1'?",
        ],
    ),
    "suppression_sync between one Region": (
        TWO + "suppression_sync: {regions: [us-west-2]}\n",
        [
            "3:20: suppression_sync.regions: there is no Region to tell beside us-west-2; add one, or leave "
            "regions out for all"
        ],
    ),
    "suppression_sync with an unknown and a repeated reason": (
        TWO + "suppression_sync: {reasons: [bounce, bounce, transient]}\n",
        [
            "3:38: suppression_sync.reasons.1: reason 'bounce' is given twice; keep one",
            "3:46: suppression_sync.reasons.2: must be one of 'bounce' or 'complaint', not 'transient'",
        ],
    ),
    "suppression_sync without topics": (
        TWO + "feedback: email\nsuppression_sync: true\n",
        [
            "4:1: suppression_sync: hears of nothing: bounces and complaints of all domains come by email; let "
            "one tell on topics, or take this out"
        ],
    ),
    "suppression_sync and a queue of its name": (
        TWO + "suppression_sync: true\nfeedback: {subscriptions: {queues: [suppression]}}\n",
        [
            "4:37: feedback.subscriptions.queues.0: queue 'suppression' is made by suppression_sync already; "
            "give each list its own queues"
        ],
    ),
}
