"""What all hosts share: the site's name and primary datasink, its users and paths."""

from collections.abc import Mapping
from dataclasses import replace

from modelctl.inventory.hosts import Datasink, Host, Outpost, Sentinel, Trainer
from modelctl.inventory.standards import Paths, Standards, Users
from modelctl.schema import Site
from modelctl.starting.ansible.ledger import Ledger
from modelctl.starting.ansible.nodes import LEGACY
from modelctl.starting.ansible.taking import Fields, Taking, kind_of, needed
from modelctl.starting.ansible.variables import Hosts

UNNAMED = "my-site"
SITE = {"sentinelcam_site_name": "name", "primary_datasink": "primary_datasink"}
USER = "sentinelcam_user"


def site(taking: Taking, found: Hosts, hosts: Mapping[str, Host]) -> Site:
    """The site of these hosts."""
    sinks = [name for name, host in hosts.items() if isinstance(host, Datasink)]
    unsaid = {"name": UNNAMED, "primary_datasink": sinks[0] if sinks else "datasink"}
    fields: Fields = {"hosts": dict(hosts), **dict(taking.fields(Site, taking.variables, SITE, "site"))}
    for name, value in unsaid.items():
        if name not in fields:
            fields[name] = value
            taking.ledger.add(f"site.{name} = {value}", "nothing says it")
    nodes = {name: host for name, host in hosts.items() if isinstance(host, Sentinel | Outpost)}
    fields["legacy_nodes"] = tuple(name for name in nodes if LEGACY in found.groups_of(name))
    fields["ncs2_nodes"] = tuple(name for name, host in nodes.items() if host.has_accelerator("ncs2"))
    key = taking.key("sentinelcam_sentinel")
    if key is not None and isinstance(hosts.get(str(taking.text(key))), Sentinel):
        taking.ledger.take(key, f"site.hosts.{taking.text(key)}")
    return Site(**needed(Site, fields))


def standards(taking: Taking, found: Hosts, hosts: Mapping[str, Host]) -> Standards:
    """The users and paths of this site, where they are not SentinelCam's own."""
    retention = {"sentinelcam_model_retention": "sentinelcam_model_retention"}
    fields: Fields = dict(taking.fields(Standards, taking.variables, retention, "standards"))
    users = _users(taking, found, hosts)
    fields["users"] = Users(**needed(Users, users))
    fields["paths"] = Paths(**needed(Paths, _paths(taking, str(users.get("service", Users().service)))))
    return Standards(**needed(Standards, fields))


def _users(taking: Taking, found: Hosts, hosts: Mapping[str, Host]) -> Fields:
    users: Fields = dict(taking.fields(Users, taking.variables, {USER: "service"}, "standards.users"))
    service = users.get("service", Users().service)
    for name, host in hosts.items():
        own = Taking(taking.ledger, found.variables(name))
        key = own.key(USER)
        if key is None or key is taking.key(USER):
            continue
        is_legacy = LEGACY in found.groups_of(name)
        role = "trainer" if isinstance(host, Trainer) else "legacy" if is_legacy else "service"
        text = own.text(key)
        if text != users.get(role, text if role != "service" else service):
            taking.ledger.leave(key, f"found {text}; the services of all such hosts have one user here")
        elif (value := own.value(key, kind_of(Users, role), f"standards.users.{role}")) is not None:
            users[role] = value
    if "legacy" not in users and any(LEGACY in found.groups_of(name) for name in hosts):
        why = "what the services of legacy nodes run as, unless a variable of theirs says otherwise"
        taking.ledger.add(f"standards.users.legacy = {Users().legacy}", why)
    return users


def _paths(taking: Taking, user: str) -> Fields:
    """The data folder; what lies where it always does is taken, too."""
    group, data = taking.key("sentinelcam_group"), taking.key("sentinelcam_data_path")
    if group is not None and taking.text(group) == user:
        taking.ledger.take(group, "the group of the services' user")
    elif group is not None:
        taking.ledger.leave(group, "files belong to the group of the services' user here")
    paths: Fields = {}
    home = f"/home/{user}/"
    if data is not None and (path := taking.text(data)) is not None:
        if path.startswith(home):
            below = replace(data, value=path.removeprefix(home))
            found = Taking(Ledger(()), {}).value(below, kind_of(Paths, "data"), "")
            paths |= {} if found is None else {"data": found}
        if paths:
            taking.ledger.take(data, f"standards.paths.data = {paths['data']}")
        else:
            taking.ledger.leave(data, f"found {path}; the data lie in a folder below {home} here")
    registry = taking.key("sentinelcam_model_registry")
    if registry is not None and (path := taking.text(registry)) is not None:
        expected = f"/home/{user}/{paths.get('data', Paths().data)}/model_registry"
        if path == expected:
            taking.ledger.take(registry, "where the model registry always lies")
        else:
            taking.ledger.leave(registry, f"found {path}; the model registry lies at {expected} here: move it there")
    return paths
