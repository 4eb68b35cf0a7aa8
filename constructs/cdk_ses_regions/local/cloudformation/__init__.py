"""CloudFormation's resource types where ministack's lack something."""
