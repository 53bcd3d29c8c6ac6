"""Who asks, and what they may do."""

from .policy import Identity as Identity
from .policy import Policy as Policy
from .tokens import Tokens as Tokens
