"""What is refused in the account's settings and the global endpoint, and with which words; `test_config.py` runs it."""

from __future__ import annotations

HEAD = "regions: [us-east-1, eu-west-1, eu-central-1]\ndomains: [{name: example.com}]\n"
OFF = "vdm.enabled is false, and what is off has no parts; turn it on, or take this out"
ARCHIVE = "arn:aws:ses:us-east-1:111111111111:mailmanager-archive/a-1"

# name: (the file, each line of the message without the file's name)
BAD: dict[str, tuple[str, list[str]]] = {
    "a reason twice, and one that is none": (
        HEAD + "suppression: [bounce, complaint, bounce, spam]\n",
        [
            "3:34: suppression.2: reason 'bounce' is given twice; keep one",
            "3:42: suppression.3: must be one of 'bounce' or 'complaint', not 'spam'",
        ],
    ),
    "the account's settings and a global endpoint with nothing behind them": (
        HEAD + "suppression:\nvdm:\ndedicated_ip_pool:\nglobal_endpoint:\n",
        [
            "3:1: suppression: is empty; write [] for no reason at all, or take the key out",
            "4:1: vdm: is empty; write {} for the defaults, or take the key out",
            "5:1: dedicated_ip_pool: is empty; write {scaling_mode: managed} or {scaling_mode: standard}, or take the "
            "key out",
            "6:1: global_endpoint: is empty; write its two regions, or take the key out",
        ],
    ),
    "reasons that are no list": (
        HEAD + "suppression: bounce\n",
        ["3:14: suppression: must be a list, not 'bounce'; write [bounce]"],
    ),
    "VDM that is off and has parts, here and in the configuration set": (
        HEAD
        + "vdm: {enabled: false, engagement_metrics: true}\nconfiguration_set: {optimized_shared_delivery: true}\n",
        [
            f"3:23: vdm.engagement_metrics: {OFF}",
            f"4:21: configuration_set.optimized_shared_delivery: {OFF}",
        ],
    ),
    "VDM with a key that it lacks and a value that is none": (
        HEAD + "vdm: {engagement: true, optimized_shared_delivery: 'yes'}\n",
        [
            "3:7: vdm.engagement: unknown key; allowed here are enabled, engagement_metrics, "
            "optimized_shared_delivery; did you mean 'engagement_metrics'?",
            "3:52: vdm.optimized_shared_delivery: must be true or false, not 'yes'",
        ],
    ),
    "a pool without a mode, and a name that is none": (
        HEAD + "dedicated_ip_pool: {name: Letters}\n",
        [
            "3:20: dedicated_ip_pool.scaling_mode: is missing; write it here",
            "3:27: dedicated_ip_pool.name: 'Letters' is no name of a dedicated IP pool; use a-z, 0-9, hyphens and "
            "underscores, at most 64",
        ],
    ),
    "a mode that is none": (
        HEAD + "dedicated_ip_pool: {scaling_mode: auto}\n",
        ["3:35: dedicated_ip_pool.scaling_mode: must be one of 'standard' or 'managed', not 'auto'"],
    ),
    "another pool than that of the file": (
        HEAD + "dedicated_ip_pool: {scaling_mode: managed}\nconfiguration_set: {sending_pool: emial-pool}\n",
        [
            "4:35: configuration_set.sending_pool: 'emial-pool' is not the dedicated_ip_pool of this file; write "
            "email-pool, or take dedicated_ip_pool out",
        ],
    ),
    "a pool that nobody can have": (
        HEAD + f"configuration_set: {{sending_pool: {'p' * 65}}}\n",
        [
            f"3:35: configuration_set.sending_pool: '{'p' * 65}' is no name of a dedicated IP pool; use a-z, 0-9, "
            "hyphens and underscores, at most 64"
        ],
    ),
    "a global endpoint of one Region": (
        HEAD + "global_endpoint: {regions: [us-east-1]}\n",
        ["3:28: global_endpoint.regions: has 1 of the two Regions that a global endpoint sends through"],
    ),
    "a global endpoint of three Regions": (
        HEAD + "global_endpoint: {regions: [us-east-1, eu-west-1, eu-central-1]}\n",
        ["3:28: global_endpoint.regions: has 3 of the two Regions that a global endpoint sends through"],
    ),
    "a global endpoint of no Regions": (
        HEAD + "global_endpoint: {}\n",
        ["3:18: global_endpoint.regions: is missing; write it here"],
    ),
    "a global endpoint of the same Region twice": (
        HEAD + "global_endpoint: {regions: [us-east-1, us-east-1]}\n",
        ["3:40: global_endpoint.regions.1: Region 'us-east-1' is given twice; keep one"],
    ),
    "a global endpoint of a Region that is not deployed to, and of one that is none": (
        HEAD + "global_endpoint: {regions: [us-west-2, eu-wst-1]}\n",
        [
            "3:29: global_endpoint.regions.0: 'us-west-2' is not one of the configured Regions (us-east-1, eu-west-1, "
            "eu-central-1); name one of them or add it",
            "3:40: global_endpoint.regions.1: unknown Region 'eu-wst-1'; did you mean 'eu-west-1'?",
        ],
    ),
    "a global endpoint of which one Region archives": (
        HEAD
        + f"configuration_set: {{archives: {{us-east-1: '{ARCHIVE}'}}}}\n"
        + "global_endpoint: {regions: [us-east-1, eu-west-1]}\n",
        [
            "4:19: global_endpoint.regions: mail goes out through us-east-1 and eu-west-1, but "
            "configuration_set.archives keeps none of eu-west-1; name an archive for both, or for neither",
        ],
    ),
}
