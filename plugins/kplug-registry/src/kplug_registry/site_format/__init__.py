"""The format of a site: nouns, JSON and file paths, as specified in ``docs/registry.md``."""

from kplug_registry.site_format.contract_results import (
    LEVELS as LEVELS,
    CheckedComponent as CheckedComponent,
    CheckSummary as CheckSummary,
    ContractResults as ContractResults,
    FailedCheck as FailedCheck,
    LeftOutCheck as LeftOutCheck,
    find_lowest_level as find_lowest_level,
    summarize_checks as summarize_checks,
)
from kplug_registry.site_format.hashes import hash_stream as hash_stream
from kplug_registry.site_format.http_headers import (
    PAGES_JSON as PAGES_JSON,
    find_cache_control as find_cache_control,
    find_content_type as find_content_type,
    is_immutable as is_immutable,
)
from kplug_registry.site_format.json_text import (
    from_json as from_json,
    to_json as to_json,
)
from kplug_registry.site_format.paths import (
    RECALLS as RECALLS,
    component_path as component_path,
    dependents_path as dependents_path,
    distribution_path as distribution_path,
    find_shape as find_shape,
    is_distribution_name as is_distribution_name,
    list_prefixes as list_prefixes,
    lookalike_path as lookalike_path,
    numbers_path as numbers_path,
    picture_path as picture_path,
    prefix_path as prefix_path,
    provenance_path as provenance_path,
    release_path as release_path,
    search_path as search_path,
    search_words as search_words,
    wheel_path as wheel_path,
    word_path as word_path,
)
from kplug_registry.site_format.releases import (
    find_current as find_current,
    sort_releases as sort_releases,
)
from kplug_registry.site_format.schema import (
    ENDING as ENDING,
    FORMAT as FORMAT,
    LICENCES as LICENCES,
    LONGEST_HIT_SUMMARY as LONGEST_HIT_SUMMARY,
    MOST_DEPENDENTS as MOST_DEPENDENTS,
    MOST_HITS as MOST_HITS,
    MOST_OF_ONE as MOST_OF_ONE,
    MOST_WORDS as MOST_WORDS,
    Claim as Claim,
    ComponentEntry as ComponentEntry,
    ComponentFile as ComponentFile,
    Dependent as Dependent,
    DependentsFile as DependentsFile,
    DistributionFile as DistributionFile,
    DrawnComponent as DrawnComponent,
    KindCount as KindCount,
    LookalikeFile as LookalikeFile,
    NameList as NameList,
    NewestNames as NewestNames,
    NoticeEntry as NoticeEntry,
    NoticeFile as NoticeFile,
    Offer as Offer,
    OwnerChange as OwnerChange,
    Picture as Picture,
    PrefixFile as PrefixFile,
    Provenance as Provenance,
    RecentRelease as RecentRelease,
    Release as Release,
    ReleaseFile as ReleaseFile,
    SearchFile as SearchFile,
    SearchHit as SearchHit,
    SiteFile as SiteFile,
    TrustedPublisher as TrustedPublisher,
    WheelFile as WheelFile,
    Workflow as Workflow,
)
from kplug_registry.site_format.times import current_time as current_time
