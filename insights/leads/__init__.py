"""Which lead sources and campaigns bring which buyers: their objections, and how long they wait."""
