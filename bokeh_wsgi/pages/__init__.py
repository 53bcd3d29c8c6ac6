"""What people see: the pages as HTML texts, and the headers that each kind of page needs."""

from bokeh_wsgi.pages.account import account_page as account_page
from bokeh_wsgi.pages.document import document_page as document_page
from bokeh_wsgi.pages.error import error_page as error_page
from bokeh_wsgi.pages.gallery import gallery_page as gallery_page
from bokeh_wsgi.pages.headers import SERVER_PAGE_HEADERS as SERVER_PAGE_HEADERS
from bokeh_wsgi.pages.headers import document_headers as document_headers
from bokeh_wsgi.pages.index import index_page as index_page
from bokeh_wsgi.pages.render import ASSETS as ASSETS
from bokeh_wsgi.pages.render import asset_url as asset_url
from bokeh_wsgi.pages.sign_in import code_page as code_page
from bokeh_wsgi.pages.sign_in import login_page as login_page
from bokeh_wsgi.pages.sign_in import register_page as register_page
