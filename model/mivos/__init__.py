"""The published networks (MiVOS, CVPR 2021): names of their parts are those of the published checkpoints."""
