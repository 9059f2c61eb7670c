"""Shared parts of all commands, also of plugins': options, output, shell completion."""

from kplug.commands.changes import (
    find_changes as find_changes,
    find_versions as find_versions,
    write_changes as write_changes,
)
from kplug.commands.completion import (
    complete_component as complete_component,
    complete_kind as complete_kind,
    completing_quietly as completing_quietly,
)
from kplug.commands.output import (
    JsonOption as JsonOption,
    answer_in_json as answer_in_json,
    diverting_output as diverting_output,
    find_width as find_width,
    print_json as print_json,
    print_lines as print_lines,
    showing_progress as showing_progress,
)
