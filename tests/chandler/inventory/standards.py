"""Users, paths, ports and retention. The types' defaults are SentinelCam's own; what differs here is written out."""

from modelctl.schema import Standards

STANDARDS = Standards(sentinelcam_model_retention=5)
