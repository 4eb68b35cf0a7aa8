"""The configuration file `ses-regions.yaml`: what it may say, its defaults, and `load()`.

Whatever is wrong in a file is reported at once, each problem with file, line, column and key.
"""

from cdk_ses_regions.config.domain import Domain
from cdk_ses_regions.config.loading import FILE_NAME, find, json_schema, load
from cdk_ses_regions.config.receiving import Rule
from cdk_ses_regions.config.settings import Settings

__all__ = ["FILE_NAME", "Domain", "Rule", "Settings", "find", "json_schema", "load"]
