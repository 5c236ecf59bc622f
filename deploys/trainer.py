"""The trainers: folders, the keys that hand a model in, and the program and scripts that use them. Needs no root."""

from pyinfra import host

from operations import trainer
from operations.run import run_of

run = run_of(host.state)
if host.name in run.fleet.trainers():
    trainer.make_folders(name="Make the trainer's folders", run=run)
    trainer.make_keys(name="Make the trainer's keys", run=run)
    trainer.install(name="Install the trainer's program", run=run)
