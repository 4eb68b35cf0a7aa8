"""What is refused in `alarms`, and with which words; `test_config.py` runs it."""

from __future__ import annotations

HEAD = "regions: [us-east-1]\ndomains: [{name: example.com}]\n"
NO_SHARE = "is no share; write a number up to 1, like 0.05 for 5 %"

# name: (the file, each line of the message without the file's name)
BAD: dict[str, tuple[str, list[str]]] = {
    "alarms that are empty": (
        HEAD + "alarms:\n",
        ["3:1: alarms: is empty; write {} for the defaults, or take the key out for no alarms"],
    ),
    "alarms that are a switch": (
        HEAD + "alarms: true\n",
        ["3:9: alarms: must be a mapping (key: value lines), not true"],
    ),
    "a warning that comes after what is critical": (
        HEAD + "alarms:\n  bounce_rate: {warning: 0.04, critical: 0.03}\n",
        [
            "4:26: alarms.bounce_rate.warning: the warning, at 0.04, does not come before what is critical, 0.03; "
            "give a lower warning or a higher critical"
        ],
    ),
    "a warning that comes after the default, and a default that comes after what is critical": (
        HEAD + "alarms:\n  bounce_rate: {warning: 0.05}\n  complaint_rate: {critical: 0.0004}\n",
        [
            "4:26: alarms.bounce_rate.warning: the warning, at 0.05, does not come before what is critical, 0.05; "
            "give a lower warning or a higher critical",
            "5:30: alarms.complaint_rate.critical: the warning, at 0.0005, does not come before what is critical, "
            "0.0004; give a lower warning or a higher critical",
        ],
    ),
    "shares in percent, below nothing, as text and as a switch": (
        HEAD
        + "alarms:\n  quota_used: 80\n  bounce_rate: {warning: 0, critical: 5 %}\n"
        + "  complaint_rate: {warning: -0.1, critical: true}\n",
        [
            f"4:15: alarms.quota_used: 80 {NO_SHARE}",
            f"5:26: alarms.bounce_rate.warning: 0 {NO_SHARE}",
            "5:39: alarms.bounce_rate.critical: must be a number, like 0.05 for 5 %, not '5 %'",
            f"6:29: alarms.complaint_rate.warning: -0.1 {NO_SHARE}",
            "6:45: alarms.complaint_rate.critical: must be a number, like 0.05 for 5 %, not true",
        ],
    ),
    "an age below a minute": (
        HEAD + "alarms: {queue_age_seconds: 59}\n",
        ["3:29: alarms.queue_age_seconds: must be at least 60, not 59"],
    ),
    "an age beyond what a queue keeps": (
        HEAD + "alarms: {queue_age_seconds: 1209601}\n",
        ["3:29: alarms.queue_age_seconds: must be at most 1209600, not 1209601"],
    ),
    "a key that nobody knows": (
        HEAD + "alarms: {bounces: {}}\n",
        [
            "3:10: alarms.bounces: unknown key; allowed here are bounce_rate, complaint_rate, dashboard, "
            "queue_age_seconds, quota_used, subscriptions; did you mean 'bounce_rate'?"
        ],
    ),
    "a queue of the alarms that is there twice, and one of somebody else": (
        HEAD
        + "feedback: {subscriptions: {queues: [pager]}}\n"
        + "alarms: {subscriptions: {queues: [pager, mine, mine]}}\n",
        [
            "4:35: alarms.subscriptions.queues.0: queue 'pager' is made by feedback.subscriptions already; give each "
            "list its own queues",
            "4:48: alarms.subscriptions.queues.2: queue 'mine' is given twice; keep one",
        ],
    ),
    "topics of feedback that are called as that of the alarms": (
        "regions: [us-east-1]\n"
        "domains:\n"
        "  - {name: example.com, feedback: {topics: {delivery: alarms}}}\n"
        "feedback: {topics: {bounce: alarms}}\n"
        "alarms: {}\n",
        [
            "3:55: domains.0.feedback.topics.delivery: topic 'alarms' is the one of the alarms; choose another",
            "4:29: feedback.topics.bounce: topic 'alarms' is the one of the alarms; choose another",
        ],
    ),
}
