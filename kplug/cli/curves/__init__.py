"""What a component does, as a curve: sampled, drawn with characters, or plotted."""
