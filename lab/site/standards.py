"""The lab's standards: stand-ins start at once, and tests wait for each second."""

from modelctl.schema import HealthCheck, HealthChecks, Standards

_HEALTH_CHECK = HealthCheck(writer_timeout=3, settle_time=0.5, start_timeout=20)
STANDARDS = Standards(
    health_checks=HealthChecks(
        sentinel=_HEALTH_CHECK, imagenode=_HEALTH_CHECK.model_copy(update={"model_wait": 2}), datapump=_HEALTH_CHECK
    )
)
