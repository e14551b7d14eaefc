"""How Sphinx builds the site; `make docs` runs it. Why Sphinx: explanation/decisions.md."""

import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # For docs._ext.

project = "alink"
author = "alink contributors"
project_copyright = author
release = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]

extensions = ["myst_parser", "sphinx_design", "sphinx_copybutton", "docs._ext.directives"]
myst_enable_extensions = ["colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 3
myst_fence_as_directive = ["mermaid"]
exclude_patterns = ["_ext"]
needs_sphinx = "9"
nitpicky = False

# Translated pages are in docs/zh-CN; docs/_ext/languages.py links the two languages.
language = "en"

python_maximum_signature_line_length = 88
add_module_names = False
toc_object_entries_show_parents = "hide"

html_theme = "furo"
html_title = f"alink {release}"
html_static_path = ["_static"]
html_css_files = ["alink.css"]
html_copy_source = False
html_show_sourcelink = False
copybutton_prompt_text = "$ "
