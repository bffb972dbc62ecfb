#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Files as C strings: embed.py OUTPUT FILE...; page.html becomes html_page_html."""

import pathlib
import re
import sys


def definition(path):
    name = 'html_' + re.sub(r'\W', '_', path.name)
    data = path.read_bytes()
    if 0 in data:
        sys.exit(f'{path}: a string has no NUL')
    lines = [','.join(f"'\\{byte:03o}'" for byte in data[i:i + 16]) for i in range(0, len(data), 16)]
    return f'const char {name}[] = {{\n' + ',\n'.join(lines) + ',0 };\n'


def main():
    output, *files = map(pathlib.Path, sys.argv[1:])
    output.write_text('#include "html_parts.h"\n' + ''.join(map(definition, files)), encoding='ascii')


main()
