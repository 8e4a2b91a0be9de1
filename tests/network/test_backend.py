import os
import subprocess
import sys

import pytest

from pneumoscope.compute.cores import instructions
from pneumoscope.network.backend import _unheard, bfloat16_pays, dtype_policy, import_keras, training_precision


def test_without_keras_the_message_names_the_extra() -> None:
    code = (
        "import sys; sys.modules['keras'] = None\n"
        "from pneumoscope.errors import MissingExtraError\n"
        "from pneumoscope.network.backend import import_keras\n"
        "try:\n    import_keras()\nexcept MissingExtraError as error:\n    print(error)\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'pneumoscope[train]'" in ended.stdout


@pytest.mark.slow
def test_nothing_is_heard_of_the_framework_when_it_loads() -> None:
    code = "from pneumoscope.network.backend import import_keras; import_keras().ops.zeros(1)"
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("TF_", "KERAS_"))}
    ended = subprocess.run([sys.executable, "-c", code], env=plain, capture_output=True, text=True, check=True)
    assert (ended.stdout, ended.stderr) == ("", "")


def test_what_a_library_says_before_it_fails_is_heard(capfd: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        with _unheard():
            os.write(2, b"libcudart is missing")
            raise ImportError

    with _unheard():
        os.write(2, b"a greeting")
    with pytest.raises(ImportError):
        fail()
    assert capfd.readouterr().err == "libcudart is missing"


def test_bfloat16_follows_the_processor_where_there_is_no_graphics_card() -> None:
    assert bfloat16_pays() == any(name in instructions() for name in ("amx_bf16", "avx512_bf16"))


def test_training_takes_bfloat16_where_it_pays() -> None:
    assert (training_precision() == "mixed_bfloat16") == bfloat16_pays()


def test_a_dtype_policy_holds_in_its_context_alone_also_after_an_error() -> None:
    config = import_keras().config
    before = config.dtype_policy().name

    def fail() -> None:
        with dtype_policy("mixed_bfloat16"):
            raise RuntimeError(config.dtype_policy().name)

    with pytest.raises(RuntimeError, match="mixed_bfloat16"):
        fail()
    assert config.dtype_policy().name == before != "mixed_bfloat16"
