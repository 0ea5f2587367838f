# Homebrew formula of a tap: packaging/dist.py fills in version and checksums.
class ArcCi < Formula
  desc "From what changed in git to a verified, published, documented release"
  homepage "https://github.com/@REPOSITORY@"
  version "@VERSION@"
  license "MIT"

  on_macos do
    on_arm do
      url "https://github.com/@REPOSITORY@/releases/download/arc-ci/v@VERSION@/arc-ci-@VERSION@-macos-aarch64.tar.gz"
      sha256 "@macos-aarch64@"
    end
    on_intel do
      url "https://github.com/@REPOSITORY@/releases/download/arc-ci/v@VERSION@/arc-ci-@VERSION@-macos-x86_64.tar.gz"
      sha256 "@macos-x86_64@"
    end
  end
  on_linux do
    on_arm do
      url "https://github.com/@REPOSITORY@/releases/download/arc-ci/v@VERSION@/arc-ci-@VERSION@-linux-aarch64.tar.gz"
      sha256 "@linux-aarch64@"
    end
    on_intel do
      url "https://github.com/@REPOSITORY@/releases/download/arc-ci/v@VERSION@/arc-ci-@VERSION@-linux-x86_64.tar.gz"
      sha256 "@linux-x86_64@"
    end
  end

  def install
    bin.install "arc-ci"
    man1.install Dir["man/*.1"]
    man5.install Dir["man/*.5"]
    bash_completion.install "completion/bash-completion/completions/arc-ci"
    zsh_completion.install "completion/zsh/site-functions/_arc-ci"
    fish_completion.install "completion/fish/vendor_completions.d/arc-ci.fish"
  end

  test do
    assert_match "image-tag=demo-v1.2.3-rc.1", shell_output("#{bin}/arc-ci version demo/v1.2.3-rc.1")
  end
end
