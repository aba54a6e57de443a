"""Who else buyers look at: each rival's share of voice, what comes with it, and how it ends."""
