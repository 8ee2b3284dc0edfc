# Sourced by the scripts beside it: aihwkit in an environment of its own, made once.
version=1.1.0
place=target/peers/aihwkit
if [ ! -x "$place/bin/python" ]; then
    # its wheel is for CPython 3.11; with a newer torch than the one it was built for it refuses its own weights
    python3.11 -m venv "$place"
    "$place/bin/pip" install --quiet "aihwkit==$version" torch==2.10.0 torchvision==0.25.0
fi
