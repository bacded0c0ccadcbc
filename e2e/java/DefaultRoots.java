import java.net.Socket;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;

/** Shakes hands with door.test on a port of this machine, trusting what Java trusts by itself. */
class DefaultRoots {
    public static void main(String[] words) throws Exception {
        var port = Integer.parseInt(words[0]);
        var factory = (SSLSocketFactory) SSLSocketFactory.getDefault();
        try (var socket = (SSLSocket) factory.createSocket(new Socket("127.0.0.1", port), "door.test", port, true)) {
            var parameters = socket.getSSLParameters();
            parameters.setEndpointIdentificationAlgorithm("HTTPS");
            socket.setSSLParameters(parameters);
            socket.startHandshake();
            System.out.println("ok");
        } catch (SSLException refused) {
            System.err.println(refused.getMessage());
            System.exit(1);
        }
    }
}
