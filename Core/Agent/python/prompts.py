"""To be written."""


def register(agent):
    pass
