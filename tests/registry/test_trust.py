"""The page on trust: each of its sentences has a test."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "plugins" / "trust.md"
# Each sentence of the page, and below it the tests that hold it.
TABLE = """
A string is parsed and never evaluated, so no Python code in it runs.
  registry/trust/test_strings.py::test_strings_run_nothing
  registry/spec/test_parsing.py::test_code_is_refused_and_not_run
It names registered components and gives them literals or further specs as arguments.
  registry/spec/test_parsing.py::test_reads
  registry/spec/test_parsing.py::test_refuses
  registry/building/test_resolution.py::test_every_written_form_makes_the_same
It cannot name a module, a path or an attribute.
  registry/trust/test_strings.py::test_strings_run_nothing
It imports the plugin of the component that it names, and no other that declares its names in entry points.
  registry/trust/test_strings.py::test_a_string_imports_the_plugin_that_it_names
It cannot reach a plugin that is switched off.
  registry/test_bad_plugins.py::test_disabled_plugin_is_never_imported
  registry/names/test_lookup_errors.py::test_disabled
It is read or refused in bounded time and memory.
  registry/hostile/test_specs.py::test_a_text_is_a_spec_or_a_spec_error
  registry/hostile/test_specs.py::test_a_name_is_a_component_or_a_resolution_error
What a message repeats of it is cut at 80 characters and cannot control a terminal.
  registry/test_quoting.py::test_no_message_repeats_a_long_or_dangerous_text
  registry/test_quoting.py::test_a_long_text_is_cut_where_binding_repeats_it
No message turns a name that only a string supplied into an install command.
  registry/names/test_lookup_errors.py::test_package_that_only_a_text_names_is_not_recommended
  registry/trust/test_plugins.py::test_nothing_is_installed_and_no_index_is_asked
A component does with its arguments what it is made for: `csv_logger('a.csv')` writes that file during
training, so whoever may write a string may do that.
  registry/trust/test_strings.py::test_a_component_does_what_it_is_made_for
A file holds names, literals and arrays; no code in it is run, and lambdas, pickles and the code of
`Lambda` layers are refused.
  dialect/test_reading_components.py::test_code_is_refused
  dialect/test_reading_models.py::test_code_is_refused
  saving/state/test_packing.py::test_objects_cannot_be_stored
Loading one imports no module whose name only the file has.
  registry/trust/test_files.py::test_loading_a_file_does_nothing_else
Loading one writes nothing, starts no process and opens no connection.
  registry/trust/test_files.py::test_loading_a_file_does_nothing_else
  registry/trust/test_watched.py::test_whatever_a_process_does_is_seen
Links, external storage and archive members that lead outside the file are not followed.
  saving/test_hdf5.py::test_dataset_that_cannot_be_trusted
  saving/test_archive.py::test_member_outside_the_archive
  saving/weights/test_keras3_layout.py::test_links_out_of_the_group_are_not_followed
A bare name in a file means your own object or the built-in, whatever is preferred; `package>name` means
that package's component.
  registry/candidates/test_conflicts.py::test_a_stored_name_is_the_built_in_whatever_is_preferred
  registry/test_configs.py::test_a_registered_class_of_a_plugin_is_the_plugins
  models/configuration/test_reading.py::test_custom_objects_are_found_by_name
It can make every registered component that may load, with any literals, where an argument takes one.
  registry/test_nested_components.py::test_where_an_argument_is_it_is_made
It makes none where no argument is.
  registry/test_nested_components.py::test_no_component_where_there_is_no_argument
  registry/test_nested_components.py::test_no_file_makes_a_component_where_there_is_no_argument
Nor can it reach a plugin that is switched off.
  registry/trust/test_files.py::test_a_file_cannot_reach_what_is_switched_off
A name that only the file has is never turned into an install command.
  saving/test_component_table_check.py::test_comparison_with_what_is_installed
  registry/trust/test_files.py::test_loading_a_file_does_nothing_else
Declared sizes are checked before memory is taken.
  saving/test_hdf5.py::test_huge_declared_shape_takes_no_memory
  saving/test_archive.py::test_bomb_among_the_weights
  saving/whole/test_opening.py::test_weights_larger_than_the_file
A file is not signed: whoever can change it can change what the model computes.
  saving/test_hdf5.py::test_changed_byte_loads_or_is_refused
The settings of a project narrow what `/etc/kplug.toml`, `KPLUG_POLICY` and the environment allow, and never
widen it.
  registry/policy/test_reading.py::test_a_policy_of_the_machine_is_only_narrowed
  registry/policy/test_reading.py::test_policy_variable_and_system_file_both_count
  registry/policy/test_reading.py::test_project_file_never_widens_the_environment
It can prefer plugins that may load, so it can change what a bare name in your code means.
  registry/trust/test_projects.py::test_a_project_can_change_what_a_bare_name_means
It cannot name a module or a path.
  registry/trust/test_projects.py::test_a_project_names_no_module
A setting that cannot be understood lets no plugin load, and the built-ins work.
  registry/test_bad_plugins.py::test_settings_in_error_let_no_plugin_load_and_leave_the_built_ins
Settings are read once: a later change of the working directory changes nothing.
  registry/test_registry.py::test_settings_are_those_of_the_first_use
What is installed is what is on `sys.path`: metadata of a distribution in one of its folders are a plugin.
  registry/trust/test_projects.py::test_what_is_installed_is_what_is_on_the_path
`python -m` and `python -c` put the working directory there, so a project can bring a plugin along, or a
module in place of an installed one.
  registry/trust/test_projects.py::test_what_is_installed_is_what_is_on_the_path
The command `kplug` and `python -P` do not.
  registry/trust/test_projects.py::test_what_is_installed_is_what_is_on_the_path
An allow-list (`plugins = […]`) keeps out a plugin that a project brings along under a name of its own.
  registry/trust/test_projects.py::test_what_is_installed_is_what_is_on_the_path
Whoever sets your environment variables can set `PYTHONPATH`, and with it what is installed.
  registry/trust/test_projects.py::test_what_is_installed_is_what_is_on_the_path
Installing a plugin runs nothing of it: its entry points are read as text.
  registry/test_hookspecs.py::test_looking_all_of_them_up_imports_no_component
  registry/test_bad_plugins.py::test_component_that_nobody_uses_is_never_imported
A module of hooks is imported when names are first looked up or listed, and any other module when its
component is first used.
  registry/trust/test_plugins.py::test_a_module_of_hooks_is_imported_when_names_are_looked_up
From then on the plugin's code may do whatever you may do.
  registry/trust/test_plugins.py::test_the_code_of_a_plugin_may_do_anything
There is no sandbox.
  registry/trust/test_plugins.py::test_the_code_of_a_plugin_may_do_anything
By what it declares it takes no built-in's bare name, unless it is preferred, and no qualified name of
another.
  registry/candidates/test_conflicts.py::test_built_in_goes_before_plugins_and_names_the_shadowed
  registry/candidates/test_conflicts.py::test_preference_goes_before_the_built_in
  registry/installed/test_discovery.py::test_reserved_names_are_refused
  registry/loading/test_importer.py::test_what_one_may_name_another_may_not
  registry/trust/test_plugins.py::test_no_declaration_takes_a_qualified_name_of_another
It names modules of its own and of distributions that it requires, and none of Python's.
  registry/loading/test_importer.py::test_own_modules
  registry/loading/test_importer.py::test_modules_of_others
  registry/loading/test_importer.py::test_an_entry_point_cannot_run_a_command
What it requires is its author's word.
  registry/loading/test_importer.py::test_modules_of_what_it_requires
An object of your code is not recorded as the plugin's because an entry point names it.
  registry/building/test_reverse_lookup.py::test_a_plugin_cannot_claim_what_is_not_its_own
What is broken in it costs no other plugin anything.
  registry/test_bad_plugins.py::test_it_costs_that_plugin_alone
  registry/test_bad_plugins.py::test_all_of_them_at_once
A plugin that is switched off is not imported by kplug, whoever names its modules.
  registry/loading/test_importer.py::test_a_disabled_plugin_is_not_imported_by_anothers_target
  registry/loading/test_importer.py::test_nor_by_anothers_hook
  registry/loading/test_importer.py::test_nor_by_what_is_registered
  registry/loading/test_importer.py::test_nor_in_a_scope
It can still be imported by the code of others, and Python runs the lines of its `.pth` files.
  registry/trust/test_plugins.py::test_the_code_of_others_may_import_what_is_switched_off
  registry/trust/test_plugins.py::test_lines_of_a_pth_file_run_though_it_is_switched_off
A plugin whose name cannot be read never loads.
  registry/installed/test_discovery.py::test_a_distribution_without_a_readable_name_never_loads_and_is_named_with_its_path
Lists with versions or hashes are asked at discovery, and again before kplug imports one of its modules: a
build that is installed in between is judged by itself.
  registry/policy/test_list_entries.py::test_what_is_installed_is_judged
  registry/trust/test_upgrades.py::test_a_build_that_is_not_listed_is_not_imported_after_an_upgrade
  registry/trust/test_upgrades.py::test_a_build_that_is_listed_is_imported_after_an_upgrade
What a plugin imports by itself is not judged again.
  registry/trust/test_upgrades.py::test_what_a_plugin_imports_by_itself_is_not_judged
Lists with hashes, and `strict = true`, compare the files of a plugin with its `RECORD` before one of its
modules is imported, and what was imported with the files.
  registry/trust/test_plugins.py::test_a_changed_file_is_refused_by_who_pins
  registry/loading/test_code_verification.py::test_strict_refuses_code_that_shows_only_once_it_runs
Code that nobody can vouch for is refused.
  registry/loading/test_code_verification.py::test_settings_that_pin_refuse_what_nobody_can_vouch_for
Other lists do not: whoever can write to a folder of `sys.path` can change what a plugin does that is listed
by its name or version.
  registry/trust/test_plugins.py::test_a_changed_file_is_loaded_by_a_list_of_names_or_versions
Whoever can write there can write a `RECORD`, too: a hash in your list is yours.
  registry/trust/test_upgrades.py::test_a_build_that_is_not_listed_is_not_imported_after_an_upgrade
Code that runs in the process can hide what it has replaced.
  registry/loading/test_code_verification.py::test_code_that_runs_can_hide_what_it_has_replaced
An editable install has no hash that a list can hold, so a list with hashes refuses it.
  registry/trust/test_plugins.py::test_an_editable_install_is_judged_by_the_version_that_it_states
A list with versions believes the version that the metadata state, whatever the code is.
  registry/trust/test_plugins.py::test_an_editable_install_is_judged_by_the_version_that_it_states
kplug installs nothing and asks no index.
  registry/trust/test_plugins.py::test_nothing_is_installed_and_no_index_is_asked
It shows an install command for what a plugin answers (`kplug_offers`), for what a plugin requires, and for
another version of a plugin that is installed.
  registry/names/test_lookup_errors.py::test_a_plugin_says_which_packages_offer_an_unknown_name
  registry/names/test_lookup_errors.py::test_only_what_a_plugin_answers_for_that_package_is_to_be_installed
  registry/loading/test_load_failures.py::test_only_a_package_that_the_plugin_requires_is_to_be_installed
  saving/test_component_table_check.py::test_comparison_with_what_is_installed
A new release of a plugin that you allow by name alone runs as soon as it is installed and used; with
`strict = true` only what is pinned does.
  registry/trust/test_upgrades.py::test_a_build_that_is_listed_is_imported_after_an_upgrade
  registry/policy/test_reading.py::test_strict
"""
NODES = [line.strip() for line in TABLE.splitlines() if line.startswith("  ")]


def _list_sentences() -> list[str]:
    text = PAGE.read_text(encoding="utf-8")
    items = re.findall(r"^- (.+(?:\n  .+)*)", text, re.MULTILINE)
    flat = [" ".join(item.split()) for item in items]
    return [part for item in flat for part in re.split(r"(?<=\.) (?=[A-Z`])", item)]


def test_each_sentence_has_a_test() -> None:
    rows = re.findall(r"^((?:\S.*\n)+)  \S", TABLE, re.MULTILINE)
    assert [" ".join(row.split()) for row in rows] == _list_sentences()


@pytest.mark.parametrize("node", sorted(set(NODES)))
def test_each_test_exists(node: str) -> None:
    file, _, name = node.partition("::")
    tree = ast.parse((ROOT / "tests" / file).read_text(encoding="utf-8"))
    assert name in {item.name for item in tree.body if isinstance(item, ast.FunctionDef)}
