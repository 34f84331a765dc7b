"""From the world's units to the network's: feature schemas, encoders, action spaces."""
