"""Model diagrams: their contents, layout and drawing."""
