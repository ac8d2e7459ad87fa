"""Pure values and rules: incident, plan, effects, events, matrix, clocks, ports. Standard library only."""
