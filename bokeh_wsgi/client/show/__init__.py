"""Where plots are shown: script tags, frames, notebooks."""
