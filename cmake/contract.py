"""contract.py YAML OUT ROOM: an OpenAPI document as JSON in a C++ source with `contract_json()`."""

import json
import os
import sys

import yaml


class UniqueKeys(yaml.CSafeLoader):
    """A key twice in one mapping is an error, as it is in the JSON that the server takes."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep=deep) for key, _ in node.value]
        twice = {str(key) for key in keys if keys.count(key) > 1}
        if twice:
            raise yaml.constructor.ConstructorError(None, None, f"{', '.join(twice)} is there twice", node.start_mark)
        return super().construct_mapping(node, deep)


def main(source, out, room):
    with open(source, encoding="utf-8") as file:
        document = yaml.load(file, UniqueKeys)
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    os.makedirs(os.path.dirname(out), exist_ok=True)
    with open(out, "w", encoding="utf-8") as file:
        file.write(
            f'#include "{room}/contract.h"\n\n'
            f"namespace longhand::{room} {{\n\n"
            f'std::string_view contract_json() {{\n    return R"contract({text})contract";\n}}\n\n'
            f"}}  // namespace longhand::{room}\n"
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
