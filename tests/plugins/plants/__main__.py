"""Prints how many plants of each class the kit finds, and what it blames in correct components."""

from __future__ import annotations

import argparse
from collections import Counter

from tests.plugins.plants import CORRECT, PLANTED


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--held-back", action="store_true", help="measure those held back")
    arguments = parser.parse_args()
    plants = [plant for plant in PLANTED if plant.is_held_back is arguments.held_back]
    found, planted = Counter[str](), Counter(plant.of_class for plant in plants)
    for plant in plants:
        if plant.is_found:
            found[plant.of_class] += 1
        elif not plant.is_held_back:
            print(f"missed: {plant}: {plant.what}")
    for name, count in planted.items():
        print(f"{name:20} {found[name]:3} of {count}")
    print(f"{'found':20} {found.total():3} of {planted.total()}")
    for correct in CORRECT:
        for check, why in correct.find_failures().items():
            print(f"false alarm: {correct}: {check}: {why}")


main()
