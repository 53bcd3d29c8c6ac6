"""``python -m build_tools``: bundles browser/ into bokeh_wsgi/static/, for an editable install."""

import sys
from pathlib import Path

from .bundle import BundleError, bundle

try:
    bundle(Path("browser"), Path("build/browser"), Path("bokeh_wsgi/static"))
except BundleError as error:
    sys.exit(str(error))
