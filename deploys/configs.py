"""Configs, units and services alone: what a rollback runs. It copies no models."""

from pyinfra import host

from operations import configs, program
from operations.survey import desired_of

wanted = desired_of(host)
if wanted.sets:
    program.install(name="Install the node program")
    if wanted.face_list:
        configs.make_face_list_current(name="Make the face list current")
    configs.switch(name="Switch configs and services")
