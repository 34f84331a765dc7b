"""How a network gets better: advantages, rollouts, PPO. Needs torch; knows no simulator and no cluster."""
