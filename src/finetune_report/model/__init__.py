"""Pretrained models: found, loaded, adapted, run over examples."""
