import PluginKit

/// Named as Ansible's own ssh plugin names them; Ansible's definition of that plugin resolves those that it has.
enum SSHOptions {
  static let all: [OptionDeclaration] = [
    .string("host", "Address or name to connect to.", vars: ["inventory_hostname", "ansible_host", "ansible_ssh_host"]),
    .int(
      "port", "Port of the server; not set: as ssh's configuration says.", vars: ["ansible_port", "ansible_ssh_port"],
      ini: ["defaults/remote_port"], env: ["ANSIBLE_REMOTE_PORT"]),
    .string(
      "remote_user", "Account on the server; not set: as ssh's configuration says.",
      vars: ["ansible_user", "ansible_ssh_user"], ini: ["defaults/remote_user"], env: ["ANSIBLE_REMOTE_USER"],
      aliases: ["user"]),
    .secret(
      "password", "Password of the account.", vars: ["ansible_password", "ansible_ssh_pass", "ansible_ssh_password"]),
    .string(
      "password_mechanism", "disable: the password is not used. The other values mean the same here: ssh asks, and is answered.",
      vars: ["ansible_ssh_password_mechanism"], ini: ["ssh_connection/password_mechanism"],
      env: ["ANSIBLE_SSH_PASSWORD_MECHANISM"]),
    .secret(
      "private_key", "The private key itself. ssh reads it from a file in memory; no agent is needed.",
      vars: ["ansible_private_key", "ansible_ssh_private_key"], env: ["ANSIBLE_PRIVATE_KEY"]),
    .secret(
      "private_key_passphrase", "Passphrase of the private key, given as such or by its file.",
      vars: ["ansible_private_key_passphrase", "ansible_ssh_private_key_passphrase"],
      env: ["ANSIBLE_PRIVATE_KEY_PASSPHRASE"]),
    .string(
      "private_key_file", "Private key to offer.", vars: ["ansible_private_key_file", "ansible_ssh_private_key_file"],
      ini: ["defaults/private_key_file"], env: ["ANSIBLE_PRIVATE_KEY_FILE"]),
    .string(
      "pkcs11_provider", "Library of a smart card.", vars: ["ansible_ssh_pkcs11_provider"],
      ini: ["ssh_connection/pkcs11_provider"], env: ["ANSIBLE_PKCS11_PROVIDER"]),
    .string(
      "sshpass_prompt", "Text by which a server asks for the password, where it is an unusual one.",
      vars: ["ansible_sshpass_prompt"], ini: ["ssh_connection/sshpass_prompt"], env: ["ANSIBLE_SSHPASS_PROMPT"]),
    .bool(
      "host_key_checking", "Whether a server with an unknown key is refused.", default: true,
      vars: ["ansible_host_key_checking", "ansible_ssh_host_key_checking"],
      ini: ["defaults/host_key_checking", "ssh_connection/host_key_checking"],
      env: ["ANSIBLE_HOST_KEY_CHECKING", "ANSIBLE_SSH_HOST_KEY_CHECKING"]),
    .string(
      "ssh_executable", "The ssh client.", default: "ssh", vars: ["ansible_ssh_executable"],
      ini: ["ssh_connection/ssh_executable"], env: ["ANSIBLE_SSH_EXECUTABLE"]),
    .string(
      "ssh_args", "Arguments for ssh. -C, ControlMaster and ControlPersist have no effect here.",
      vars: ["ansible_ssh_args"], ini: ["ssh_connection/ssh_args"], env: ["ANSIBLE_SSH_ARGS"]),
    .string(
      "ssh_common_args", "Further arguments for ssh.", vars: ["ansible_ssh_common_args"],
      ini: ["ssh_connection/ssh_common_args"], env: ["ANSIBLE_SSH_COMMON_ARGS"]),
    .string(
      "ssh_extra_args", "Further arguments for ssh.", vars: ["ansible_ssh_extra_args"],
      ini: ["ssh_connection/ssh_extra_args"], env: ["ANSIBLE_SSH_EXTRA_ARGS"]),
    .float(
      "timeout", "Seconds until the server must have answered.", default: 10,
      vars: ["ansible_timeout", "ansible_ssh_timeout"], ini: ["defaults/timeout", "ssh_connection/timeout"],
      env: ["ANSIBLE_TIMEOUT", "ANSIBLE_SSH_TIMEOUT"]),
    .int(
      "reconnection_retries", "Further attempts where the server cannot be reached. A refused login is not tried again.",
      default: 0, vars: ["ansible_ssh_retries"], ini: ["connection/retries", "ssh_connection/retries"],
      env: ["ANSIBLE_SSH_RETRIES"]),
    .int(
      "verbosity", "How much ssh tells, 0 to 3.", default: 0, vars: ["ansible_ssh_verbosity"],
      ini: ["ssh_connection/verbosity"], env: ["ANSIBLE_SSH_VERBOSITY"]),
    .int("mitogen_ssh_debug_level", "How much ssh tells, 0 to 3.", default: 0, vars: ["mitogen_ssh_debug_level"]),
    .bool(
      "mitogen_ssh_compression", "Whether ssh compresses in addition to the link itself.", default: false,
      vars: ["mitogen_ssh_compression"]),
    .int(
      "mitogen_ssh_keepalive_interval", "Seconds of silence after which ssh asks the server for a sign; 0: never.",
      default: 30, vars: ["mitogen_ssh_keepalive_interval"]),
    .int(
      "mitogen_ssh_keepalive_count", "Signs that may fail to come before ssh gives up.", default: 10,
      vars: ["mitogen_ssh_keepalive_count"]),
  ]
}
