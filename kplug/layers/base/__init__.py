"""What a layer is: building, weights, component slots, masks, configurations, and parts that groups share."""
