"""Policy: which plugins may load and which a bare name prefers, decided before any import.

Data flows in this order::

    keys and values     list_entries, keys, settings
    sources             environment; toml_files → files; notices → notice_files
    combined policy     combined_settings, made by reading; plugin_tables
"""

from kplug.registry.policy.combined_settings import Policy as Policy
from kplug.registry.policy.keys import Setting as Setting
from kplug.registry.policy.list_entries import Installed as Installed
from kplug.registry.policy.notice_files import keep_recalls as keep_recalls
from kplug.registry.policy.notices import Notice as Notice
from kplug.registry.policy.plugin_tables import (
    SettingsTable as SettingsTable,
    find_lack_of_age as find_lack_of_age,
    find_refusal as find_refusal,
    read_settings_tables as read_settings_tables,
)
from kplug.registry.policy.reading import read_policy as read_policy
