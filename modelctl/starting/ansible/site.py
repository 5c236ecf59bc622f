"""A site of what an Ansible inventory says."""

from pathlib import Path

from modelctl.errors import Faults, OperatorError
from modelctl.faults import one_line
from modelctl.inventory.consistency import named_models
from modelctl.inventory.fleet import Fleet
from modelctl.inventory.hosts import Host, Outpost, Sentinel
from modelctl.schema import Pins, Registry, Standards
from modelctl.starting.ansible import models, shared
from modelctl.starting.ansible.ledger import Ledger
from modelctl.starting.ansible.nodes import ROLES, nodes
from modelctl.starting.ansible.reading import documents
from modelctl.starting.ansible.taking import Taking
from modelctl.starting.ansible.variables import hosts as hosts_of
from modelctl.starting.files import Files, common
from modelctl.starting.source import module

COMMENTS = {
    "Site.primary_datasink": ("The datasink that keeps the models: every other host pulls them from it.",),
    "Site.hosts": (
        "A host's name is what the other hosts call it: each of them must find it, in DNS or",
        "in its /etc/hosts. Its address is where commands reach it.",
    ),
    "Site.legacy_nodes": ("Nodes whose services run as another user.",),
    "Registry.models": ("The version that hosts get, and its file in each role.",),
    "Registry.coral": ("What a node with a Coral stick loads. All of it must match.",),
}


def files(folder: Path) -> tuple[Files, Ledger]:
    """The files of the site, and what became of each key. Raises OperatorError, Faults for no valid site."""
    ledger = Ledger(tuple(documents(folder)))
    found = hosts_of(ledger)
    taking = Taking(ledger, found.shared())
    hosts = nodes(found, taking)
    if not hosts:
        raise OperatorError(
            f"{one_line(str(folder))}: found no host in {', '.join(ROLES)}; expected an Ansible inventory in YAML, "
            "with group_vars/ and host_vars/ beside it; what makes one of any other: ansible-inventory --list --yaml"
        )
    coral = models.coral(taking)
    if coral is None:
        hosts = {name: _without_packages(name, host, ledger) for name, host in hosts.items()}
    site, standards = shared.site(taking, found, hosts), shared.standards(taking, found, hosts)
    named = [model for host in hosts.values() for model in named_models(host)]
    registry = Registry(models=models.models(taking, named), **({} if coral is None else {"coral": coral}))
    try:
        Fleet(site, registry, standards, Pins())
    except Faults as error:
        raise Faults([*error.faults, f"{one_line(str(folder))}: mend these there, or in a copy of it"]) from None
    made = {
        "inventory/registry.py": module("The models of this site.", "REGISTRY", registry, COMMENTS),
        "inventory/site.py": module("The hosts of this site.", "SITE", site, COMMENTS),
    }
    if standards != Standards():
        about = "Users and paths, where they are not SentinelCam's own."
        made["inventory/standards.py"] = module(about, "STANDARDS", standards, COMMENTS)
    return common(site.name) | made, ledger


def _without_packages(name: str, host: Host, ledger: Ledger) -> Host:
    """A host with a Coral stick whose packages nobody names: its owner goes on seeing to them."""
    if not isinstance(host, Sentinel | Outpost) or not host.has_accelerator("coral"):
        return host
    ledger.add(
        f"site.hosts.{name}.coral_packages = False", "the inventory has no Coral packages: its owner brings them"
    )
    fields = {field: vars(host)[field] for field in host.model_fields_set}
    return type(host)(**fields, coral_packages=False)
