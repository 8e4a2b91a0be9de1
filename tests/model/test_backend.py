import subprocess
import sys


def test_without_keras_the_message_names_the_extra() -> None:
    code = (
        "import sys; sys.modules['keras'] = None\n"
        "from pneumoscope.errors import MissingExtraError\n"
        "from pneumoscope.model.backend import import_keras\n"
        "try:\n    import_keras()\nexcept MissingExtraError as error:\n    print(error)\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'pneumoscope[train]'" in ended.stdout
