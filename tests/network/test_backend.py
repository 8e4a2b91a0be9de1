import subprocess
import sys

from pneumoscope.compute.cores import instructions
from pneumoscope.network.backend import bfloat16_pays


def test_without_keras_the_message_names_the_extra() -> None:
    code = (
        "import sys; sys.modules['keras'] = None\n"
        "from pneumoscope.errors import MissingExtraError\n"
        "from pneumoscope.network.backend import import_keras\n"
        "try:\n    import_keras()\nexcept MissingExtraError as error:\n    print(error)\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'pneumoscope[train]'" in ended.stdout


def test_bfloat16_follows_the_processor_where_there_is_no_graphics_card() -> None:
    assert bfloat16_pays() == any(name in instructions() for name in ("amx_bf16", "avx512_bf16"))
