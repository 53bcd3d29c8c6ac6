"""A campaign: scripts and a server are killed at random, round after round, and nothing may be lost.

Two writers, one that starts the document and one that joins it, and a live follower that answers what it
sees, each in a process of its own, on a bokeh-server with a store in a file. Each side, and the server, is
killed (kill -9) at random moments and started again. After each round nothing that was acknowledged is lost,
nothing is there twice, and nobody has written what is another's::

    python -m tests.campaign --rounds 300 --seed 1
"""
