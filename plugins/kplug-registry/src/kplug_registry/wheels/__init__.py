"""Reads wheels without running or importing anything in them.

Data flows in this order::

    files of the archive, with limits    archive
    its list of files                    record
    where its files are put              foreign_files
    its declarations                     metadata, entry_points, code, declared_components
    its author's word                    svg → author_facts
    what its components compute          recorded_numbers
    whole wheels                         reading
    … in a process of its own            reading_process
    many wheels                          parallel_reading
    hashes of its installed code         code_hashes
    hashes of its files                  file_hashes
    attestations beside it               attestations
    contract results for that code       check_report → supplied_results
"""

from kplug_registry.wheels.attestations import (
    GITHUB as GITHUB,
    Attestation as Attestation,
    attestation_paths as attestation_paths,
)
from kplug_registry.wheels.author_facts import (
    FACTS_FORMAT as FACTS_FORMAT,
    AuthorFacts as AuthorFacts,
    StatedComponent as StatedComponent,
    StatedPicture as StatedPicture,
    facts_path as facts_path,
)
from kplug_registry.wheels.check_report import (
    SuppliedResults as SuppliedResults,
    read_check_report as read_check_report,
)
from kplug_registry.wheels.code_hashes import list_code_hashes as list_code_hashes
from kplug_registry.wheels.declared_components import (
    DeclaredComponent as DeclaredComponent,
    read_declared as read_declared,
)
from kplug_registry.wheels.file_hashes import (
    is_python as is_python,
    list_file_hashes as list_file_hashes,
)
from kplug_registry.wheels.parallel_reading import read_wheels as read_wheels
from kplug_registry.wheels.reading import WheelContents as WheelContents, read_wheel as read_wheel
from kplug_registry.wheels.reading_process import WheelReader as WheelReader
from kplug_registry.wheels.supplied_results import add_results as add_results
