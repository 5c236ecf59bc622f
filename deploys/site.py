"""Everything, in order."""

from pyinfra import local

local.include("deploys/models.py")
local.include("deploys/trainer.py")
local.include("deploys/cleanup.py")
