import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.h2.H2Backend;
import java.util.List;

/**
 * A server that speaks MongoDB's protocol, for machines without a mongod: `java -cp 'lib/*' TestMongoServer.java
 * PORT FILE`. Without FILE it keeps everything in memory. Says "ready" once it answers; ends in order on SIGTERM.
 */
class TestMongoServer {
    /** The newest version that the library knows is too old for current drivers; these need wire version 9. */
    record Version() implements MongoVersion {
        public List<Integer> getVersionArray() { return List.of(5, 0, 0, 0); }
        public int getWireVersion() { return 13; }
    }

    public static void main(String[] arguments) {
        var backend = arguments.length > 1 ? new H2Backend(arguments[1]) : H2Backend.inMemory();
        var server = new MongoServer(backend.version(new Version()));
        Runtime.getRuntime().addShutdownHook(new Thread(server::shutdownNow));
        server.bind("127.0.0.1", Integer.parseInt(arguments[0]));
        System.out.println("ready");
    }
}
