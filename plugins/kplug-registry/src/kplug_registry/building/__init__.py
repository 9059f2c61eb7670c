"""Generates the files of a site from wheels and from the files that the site has.

Data flows in this order::

    files that are there, and changes to them    site_view
    names that are held or refused               held_names → name_rules
    who may publish                              owners → trusted_publishers
    further wheels of a version                  wheel_tags → further_wheels
    attestations                                 provenance
    recalls and advisories                       notices
    score, and who requires what                 standing
    pages for people                             rendered_text → distribution_facts → catalogue → browsing
    pages for pip, search, feed                  simple_pages, prefix_files → search_files, feed
    what wrote the pages                         page_writers
    a release, added or changed                  releases
    a whole site                                 site_building
"""

from kplug_registry.building.releases import (
    add_release as add_release,
    change_release as change_release,
    find_distribution as find_distribution,
)
from kplug_registry.building.simple_pages import add_projects as add_projects
from kplug_registry.building.site_building import build_site as build_site
from kplug_registry.building.site_view import SiteView as SiteView
