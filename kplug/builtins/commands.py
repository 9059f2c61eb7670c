"""kplug's own commands, in the order in which ``kplug --help`` lists them."""

from __future__ import annotations

from kplug.registry.component import Component

COMPONENTS = {
    name: Component(name, target)
    for name, target in (
        ("list", "kplug.cli.listing:list_components"),
        ("show", "kplug.cli.show:show"),
        ("why", "kplug.cli.why:why"),
        ("conflicts", "kplug.cli.conflicts:conflicts"),
        ("doctor", "kplug.cli.doctor.command:doctor"),
        ("audit", "kplug.cli.audit:audit"),
        ("env", "kplug.cli.env:show_settings"),
        ("docs", "kplug.cli.docs:write_docs"),
        ("lock", "kplug.cli.lock:lock"),
        ("sync", "kplug.cli.sync:sync"),
        ("bench", "kplug.cli.bench.command:bench"),
    )
}
