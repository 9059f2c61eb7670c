"""Pictures of models: what they show, where it goes, and how it is drawn."""
