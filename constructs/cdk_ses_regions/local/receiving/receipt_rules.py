"""Receipt rules and filters in version 1 of the SES API.

Gaps: ministack takes a rule whose targets do not exist or are closed to SES, can neither change nor move one,
and has no filters.
Rests on the SES API v1 reference and the developer guide, "Giving permissions to Amazon SES for email
receiving" (https://docs.aws.amazon.com/ses/latest/dg/receiving-email-permissions.html).
"""

# pyright: standard
# ministack has no types, and what it is extended by is private.

from __future__ import annotations

import copy
import ipaddress
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError
from ministack.core.responses import AccountRegionScopedDict, get_account_id, get_region
from ministack.services import ses

from cdk_ses_regions.local.clients import as_root
from cdk_ses_regions.local.identities.identities_v1 import Parameters, Response, permissions, refused
from cdk_ses_regions.local.receiving import storing
from cdk_ses_regions.local.ses.targets import NotPermittedError

_filters: Any = AccountRegionScopedDict()

SETUP_NOTIFICATION = "AMAZON_SES_SETUP_NOTIFICATION"
_SETUP_MAIL = (
    b"From: Amazon Web Services <no-reply-aws@amazon.com>\r\n"
    b"Subject: Amazon SES Setup Notification\r\n"
    b"Content-Type: text/plain; charset=UTF-8\r\n\r\n"
    b"Hello,\r\n\r\n"
    b"You received this message because you attempted to set up Amazon SES to deliver emails to this "
    b"S3 bucket.\r\n"
)


def _create(params: Parameters) -> Response | None:
    """Refuse a rule whose targets SES cannot use, and write SES's trial mail; ministack does the rest."""
    rule, set_name = ses._receipt_rule_from_params(params), params.get("RuleSetName", "")
    known = set_name in ses._receipt_rule_sets
    if (
        not known
        or any(rule["Name"] == other["Name"] for other in ses._receipt_rule_sets[set_name]["Rules"])
        or ses._receipt_rule_error(rule) is not None
    ):
        return None  # ministack says so
    if (refusal := _try_targets(rule, set_name)) is not None:
        return refusal
    answer = ses._create_receipt_rule(params)
    if answer[0] == 200:
        _write_setup_mail(rule)
    return answer


def _update(params: Parameters) -> Response:
    rule, set_name = ses._receipt_rule_from_params(params), params.get("RuleSetName", "")
    place = _place(set_name, str(rule["Name"]))
    if isinstance(place, tuple):
        return place
    if (error := ses._receipt_rule_error(rule)) is not None:
        return error
    if (refusal := _try_targets(rule, set_name)) is not None:
        return refusal
    ses._receipt_rule_sets[set_name]["Rules"][place] = rule
    _write_setup_mail(rule)
    return ses._receipt_result("UpdateReceiptRule")


def _set_position(params: Parameters) -> Response:
    set_name, name, after = params.get("RuleSetName", ""), params.get("RuleName", ""), params.get("After", "")
    place = _place(set_name, name)
    if isinstance(place, tuple):
        return place
    rules = ses._receipt_rule_sets[set_name]["Rules"]
    if after and all(rule["Name"] != after for rule in rules):
        return refused("RuleDoesNotExist", f"Rule does not exist: {after}")
    if after == name:
        return refused("InvalidParameterValue", f"Rule {name} cannot come after itself.")
    rule = rules.pop(place)
    rules.insert(1 + [rule["Name"] for rule in rules].index(after) if after else 0, rule)
    return ses._receipt_result("SetReceiptRulePosition")


def _reorder(params: Parameters) -> Response:
    set_name, names = params.get("RuleSetName", ""), ses._collect_list(params, "RuleNames.member")
    if set_name not in ses._receipt_rule_sets:
        return ses._receipt_missing_set(set_name)
    rules = {rule["Name"]: rule for rule in ses._receipt_rule_sets[set_name]["Rules"]}
    if sorted(names) != sorted(rules):
        return refused("InvalidParameterValue", "All the rules of the rule set must be named, each once.")
    ses._receipt_rule_sets[set_name]["Rules"][:] = [rules[name] for name in names]
    return ses._receipt_result("ReorderReceiptRuleSet")


def _clone_set(params: Parameters) -> Response:
    name, original = params.get("RuleSetName", ""), params.get("OriginalRuleSetName", "")
    if original not in ses._receipt_rule_sets:
        return ses._receipt_missing_set(original)
    answer = ses._create_receipt_rule_set({"RuleSetName": name})
    if answer[0] != 200:
        return answer
    ses._receipt_rule_sets[name]["Rules"][:] = copy.deepcopy(ses._receipt_rule_sets[original]["Rules"])
    return ses._receipt_result("CloneReceiptRuleSet")


def _create_filter(params: Parameters) -> Response:
    name, cidr = params.get("Filter.Name", ""), params.get("Filter.IpFilter.Cidr", "")
    if name in _filters:
        return refused("AlreadyExists", f"Filter already exists: {name}")
    try:
        ipaddress.ip_network(cidr, strict=False)
    except ValueError:
        return refused("InvalidParameterValue", f"Invalid CIDR: {cidr}")
    _filters[name] = {
        "Name": name,
        "IpFilter": {
            "Policy": params.get("Filter.IpFilter.Policy", "Block"),
            "Cidr": cidr,
        },
    }
    return ses._receipt_result("CreateReceiptFilter")


def _list_filters(params: Parameters) -> Response:
    return ses._receipt_result("ListReceiptFilters", {"Filters": list(_filters.values())})


def _delete_filter(params: Parameters) -> Response:
    _filters.pop(params.get("FilterName", ""), None)
    return ses._receipt_result("DeleteReceiptFilter")


def _place(set_name: str, name: str) -> int | Response:
    """Return the place of a rule in its set, or the error that says there is none."""
    if set_name not in ses._receipt_rule_sets:
        return ses._receipt_missing_set(set_name)
    for place, rule in enumerate(ses._receipt_rule_sets[set_name]["Rules"]):
        if rule["Name"] == name:
            return place
    return refused("RuleDoesNotExist", f"Rule does not exist: {name}")


def _try_targets(rule: dict[str, Any], set_name: str) -> Response | None:
    """Return the refusal if SES could not use a target of the rule, as it finds out by trying."""
    allowed = permissions(
        f"arn:aws:ses:{get_region()}:{get_account_id()}:receipt-rule-set/{set_name}:receipt-rule/{rule['Name']}"
    )
    for action in rule["Actions"]:
        [(kind, settings)] = action.items()
        code, target = "", ""
        try:
            if kind == "S3Action":
                code, target = "InvalidS3Configuration", settings.get("BucketName", "")
                key = settings.get("ObjectKeyPrefix", "") + SETUP_NOTIFICATION
                storing.require(settings, key, permissions=allowed, connect=as_root())
            elif kind == "LambdaAction":
                code, target = "InvalidLambdaFunction", settings.get("FunctionArn", "")
                allowed.require_function(target)
            if settings.get("TopicArn"):
                code, target = "InvalidSnsTopic", settings["TopicArn"]
                storing.require_topic(settings, target, permissions=allowed)
        except (NotPermittedError, ClientError) as error:
            return refused(code, f"{_TRIED[code]}: {target} ({error})")
    return None


def _write_setup_mail(rule: dict[str, Any]) -> None:
    for action in rule["Actions"]:
        if (settings := action.get("S3Action")) is not None:
            home = as_root()("s3", get_region()).get_bucket_location(Bucket=settings["BucketName"])
            as_root()("s3", home.get("LocationConstraint") or "us-east-1").put_object(
                Bucket=settings["BucketName"],
                Key=settings.get("ObjectKeyPrefix", "") + SETUP_NOTIFICATION,
                Body=_SETUP_MAIL,
            )


_TRIED = {
    "InvalidS3Configuration": "Could not write to bucket",
    "InvalidLambdaFunction": "Could not invoke Lambda function",
    "InvalidSnsTopic": "Could not publish to SNS topic",
}

ACTIONS: dict[str, Callable[[Parameters], Response | None]] = {
    "CreateReceiptRule": _create,
    "UpdateReceiptRule": _update,
    "SetReceiptRulePosition": _set_position,
    "ReorderReceiptRuleSet": _reorder,
    "CloneReceiptRuleSet": _clone_set,
    "CreateReceiptFilter": _create_filter,
    "ListReceiptFilters": _list_filters,
    "DeleteReceiptFilter": _delete_filter,
}
