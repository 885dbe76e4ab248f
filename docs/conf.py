"""How Sphinx builds these pages."""

import shutil
import sys
from importlib import import_module
from importlib.metadata import version as version_of
from pathlib import Path

HERE = Path(__file__).parent
EXAMPLES = HERE.parent / "examples"
for notebook in ("quickstart.ipynb", "choose_a_strategy.ipynb"):
    shutil.copyfile(EXAMPLES / notebook, HERE / "tutorials" / notebook)
sys.path.insert(0, str(HERE))
import_module("scene_pictures").draw_all(HERE / "reference" / "scenes" / "pictures")
drawn = HERE / "reference" / "reducers" / "pictures"
drawn.mkdir(exist_ok=True)
for script in sorted((HERE / "reducer_pictures").glob("[a-z]*.py")):
    import_module(f"reducer_pictures.{script.stem}").draw(drawn / f"{script.stem}.png")

project = "autoexp"
author = "The autoexp developers"
copyright = "2026, the autoexp developers"
version = release = version_of("autoexp")

extensions = [
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.viewcode",
    "sphinx_design",
]
default_role = "py:obj"
exclude_patterns = ["_build", "jupyter_execute"]
suppress_warnings = ["config.cache"]

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "force"
nb_execution_timeout = 300
nb_execution_raise_on_error = True
nb_execution_show_tb = True
nb_merge_streams = True

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

html_theme = "pydata_sphinx_theme"
html_title = "autoexp"
html_static_path = ["_static"]
html_css_files = ["autoexp.css"]
html_theme_options = {
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "show_prev_next": False,
    "secondary_sidebar_items": ["page-toc"],
    "navbar_end": ["theme-switcher"],
    "footer_start": ["copyright"],
    "footer_end": [],
}
html_show_sourcelink = False
