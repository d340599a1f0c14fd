"""The published networks (MiVOS, CVPR 2021); their layers have the names of the published checkpoints."""
