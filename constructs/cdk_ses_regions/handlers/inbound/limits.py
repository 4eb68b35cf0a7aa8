"""How much of one mail is looked at: every loop over a stranger's bytes ends at one of these.

The figures for headers follow Postfix (`header_size_limit`, `mime_nesting_limit`) with room to spare; the
size is what SES accepts, 40 MB, with room for the headers it adds
(https://docs.aws.amazon.com/ses/latest/dg/quotas.html).
"""

from __future__ import annotations

from dataclasses import dataclass

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The bounds of one parse, in bytes where nothing else is said.

    Args:
        message: what is read of a mail; SES delivers 40 MB at most.
        header_block: of the mail's own headers.
        header: of one header, folded lines included.
        headers: number of the mail's own headers.
        part_header_block: of the headers of one MIME part.
        part_headers: number of headers of one MIME part.
        parameters: of a Content-Type or Content-Disposition value.
        parameters_number: number of parameters of such a value.
        depth: how deep multiparts nest; the mail itself is depth 0.
        parts: number of MIME parts, multiparts included.
        scanned: looked through for boundaries, summed over all multiparts; nesting reads bytes again.
        text: characters kept of the plain text, and as many of the HTML.
        encoded_text: decoded of one text part.
        addresses: of one address header that are taken apart.
        problems: number of problems of one kind that are listed.
    """

    message: int = 48 * MIB
    header_block: int = 256 * KIB
    header: int = 32 * KIB
    headers: int = 1_000
    part_header_block: int = 16 * KIB
    part_headers: int = 100
    parameters: int = 8 * KIB
    parameters_number: int = 100
    depth: int = 50
    parts: int = 1_000
    scanned: int = 384 * MIB
    text: int = 64 * KIB
    encoded_text: int = MIB
    addresses: int = 16 * KIB
    problems: int = 3


DEFAULT = Limits()
