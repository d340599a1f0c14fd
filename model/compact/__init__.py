"""Our own small networks with the interfaces of the published ones, sized for a laptop's CPU."""
