"""Reads a PDF with pypdf, strictly, and prints its text: pdf_text.py FILE."""

import sys

from pypdf import PdfReader

reader = PdfReader(sys.argv[1], strict=True)
print("\n".join(page.extract_text() for page in reader.pages))
