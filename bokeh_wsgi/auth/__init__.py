"""Authentication and authorization: accounts, credentials, tokens and rights."""

from .accounts import Accounts as Accounts
from .accounts import Registration as Registration
from .identity import NOBODY as NOBODY
from .identity import Access as Access
from .identity import Identity as Identity
from .identity import Right as Right
from .identity import address_of as address_of
from .identity import cookie_name as cookie_name
from .identity import is_from_here as is_from_here
from .policy import LOGIN_COOKIE as LOGIN_COOKIE
from .policy import Identify as Identify
from .policy import Policy as Policy
from .throttle import Throttle as Throttle
from .tokens import DocumentToken as DocumentToken
from .tokens import Tokens as Tokens
