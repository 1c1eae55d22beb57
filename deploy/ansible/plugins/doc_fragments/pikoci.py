"""The options that every module and the inventory plugin have."""


class ModuleDocFragment:
    """`extends_documentation_fragment: pikoci.fleet.pikoci`."""

    DOCUMENTATION = r"""
options:
  url:
    description:
      - The server's URL; C(http://) may be left out.
      - The variable E(PIKOCI_URL) stands in for it.
    type: str
    required: true
  token:
    description:
      - An API token, of C(pikoci client tokens create), or a session's. Without one, O(user) and O(password) log in.
      - The variable E(PIKOCI_TOKEN) stands in for it.
    type: str
  user:
    description:
      - Who logs in.
      - The variable E(PIKOCI_USER) stands in for it.
    type: str
  password:
    description:
      - The user's password.
      - The variable E(PIKOCI_PASSWORD) stands in for it.
    type: str
  validate_certs:
    description: Whether the certificate of an C(https) server is checked. Only for tests should it not be.
    type: bool
    default: true
  ca_path:
    description: File with the certificates that the server's is checked against, instead of the system's.
    type: path
  request_timeout:
    description: Longest wait for an answer to one request, in seconds.
    type: int
    default: 30
"""
