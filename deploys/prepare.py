"""What the system of a host lacks: a sudo without a password, Debian's packages, the service's user, a kept clock."""

from pyinfra import host

from modelctl.desired.services import service_of
from operations import prepare
from operations.run import run_of

run = run_of(host.state)
if service_of(run.fleet, host.name):
    prepare.free_sudo(name="Let the login use sudo without a password", run=run, _sudo=True)
    prepare.install_packages(name="Install packages", run=run, _sudo=True, _retries=3, _retry_delay=10)
    prepare.make_user(name="Make the service's user", run=run, _sudo=True)
    prepare.keep_clock(name="Keep the clock", run=run, _sudo=True)
