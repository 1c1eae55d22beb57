"""Running what a claim brought: a build's plan, or one check."""
