/// The version of the programs, as manifests and `--version` give it.
package let toolVersion = "0.1.0"
